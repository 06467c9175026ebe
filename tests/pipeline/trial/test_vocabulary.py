"""A rule may ask for every field that an event can have, and for no other."""

from importlib.resources import files

import yaml

from mailwarden.parsers.event import to_ecs
from mailwarden.pipeline.fold import Fold
from mailwarden.pipeline.trial.cases import cases_of, subjects, try_case
from mailwarden.pipeline.trial.vocabulary import event_fields, event_words


def test_every_field_of_every_sample_is_known() -> None:
    """What formats say they set, common or rare."""
    folder = files("mailwarden.parsers") / "formats"
    samples = [
        sample
        for path in folder.iterdir()
        if path.name.endswith(".yaml")
        for sample in yaml.safe_load(path.read_text("utf-8"))
    ]
    named = {name for sample in samples for name in sample["fields"]}

    actions = {
        f"event.action={sample['fields']['event.action']}" for sample in samples if "event.action" in sample["fields"]
    }

    assert len(samples) > 100
    assert len(actions) > 20
    assert actions - event_words() == set()
    assert named - event_fields() == set()


def test_every_fact_is_known(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """What correlation and the ledger set on the events of the cases."""
    facts: set[str] = set()
    fields: set[str] = set()
    actions: set[str] = set()
    detect = Fold._detect

    def listening(self: Fold, event) -> None:  # type: ignore[no-untyped-def]
        facts.update(event.facts or ())
        fields.update(to_ecs(event))
        actions.add(f"event.action={event.event_action}")
        detect(self, event)

    monkeypatch.setattr(Fold, "_detect", listening)
    for one in subjects():
        for case in cases_of(one.cases)[:2]:
            try_case(one, case)

    assert len(facts) > 10
    assert (facts | fields) - event_fields() == set()
    assert actions - {"event.action=None", "event.action=beat"} - event_words() == set()
    assert "event.acton" not in event_fields()
    assert not [name for name in event_fields() if name.endswith((".yml", ".db", ".yaml"))]
