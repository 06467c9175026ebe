"""A surge of guessing that comes from one network is told once: of the network, or of the site where that was told first."""

import pytest
from findings import MINUTE_US, START_US, detection, finding, take, told
from memory import Memory

from mailwarden.alerts.incidents.incidents import Incidents

_NET = detection("fast")
_SITE = detection("surge", primary="mailwarden.site")
_ONE = ["203.0.113.7"]


def test_what_one_network_does_is_told_of_the_network() -> None:
    """It guessed before and became loud with the surge, which is its doing: the message names what can be blocked."""
    incidents = Incidents("default", Memory())

    (net,) = take(incidents, finding(_NET, severity="low", tries=20, address=_ONE))
    take(incidents, finding(_NET, at_us=START_US + MINUTE_US, fired=False, tries=80, address=_ONE))
    (site,) = take(incidents, finding(_SITE, "default", START_US + MINUTE_US, tries=110, address=_ONE))
    take(incidents, finding(_NET, at_us=START_US + 2 * MINUTE_US, tries=20, address=_ONE))

    assert (net.parent, site.parent) == (None, net.id)
    assert told(incidents) == [("opened", "fast")]


def test_what_was_told_of_the_site_is_not_told_again_of_the_network() -> None:
    """Its own rule fires later, and adds to what people know."""
    incidents = Incidents("default", Memory())

    (site,) = take(incidents, finding(_SITE, "default", tries=110, address=_ONE))
    (net,) = take(incidents, finding(_NET, at_us=START_US + MINUTE_US, tries=90, address=_ONE))

    assert (net.parent, site.parent) == (site.id, None)
    assert told(incidents) == [("opened", "surge")]


@pytest.mark.parametrize(("others", "parted"), [(60, False), (400, True)])
def test_a_surge_that_others_join_is_told_of_the_site(others: int, parted: bool) -> None:
    """Once more than half of it comes from elsewhere, it is more than one network's doing."""
    incidents = Incidents("default", Memory())
    (net,) = take(incidents, finding(_NET, tries=100, address=_ONE))
    (site,) = take(incidents, finding(_SITE, "default", START_US + MINUTE_US, tries=110, address=_ONE))
    told(incidents)

    for number in range(4):
        at_us = START_US + (2 + number) * MINUTE_US
        take(
            incidents,
            finding(_SITE, "default", at_us, fired=False, tries=others // 4, address=[f"198.51.100.{number}"]),
        )

    assert site.parent == (None if parted else net.id)
    assert told(incidents) == [("opened", "surge")] * parted


@pytest.mark.parametrize("first", ["network", "site"])
def test_the_weather_before_a_surge_is_no_part_of_it(first: str) -> None:
    """The site's incident has counted everybody's tries for hours: against the surge alone the network is most of it."""
    incidents = Incidents("default", Memory())
    take(incidents, finding(detection("joint", primary="mailwarden.site"), "default", severity="low", tries=500))
    surge = detection("guessing_surge", primary="mailwarden.site")
    net = finding(_NET, at_us=START_US + MINUTE_US, tries=100, address=_ONE)
    site = finding(surge, "default", START_US + MINUTE_US, tries=110, address=_ONE)

    take(incidents, *((net, site) if first == "network" else (site, net)))

    assert told(incidents) == [("opened", "fast" if first == "network" else "guessing_surge")]


def test_a_network_with_a_small_part_of_a_surge_explains_nothing() -> None:
    """Less than half of it is no surge of its own: both stand by themselves."""
    incidents = Incidents("default", Memory())

    (site,) = take(incidents, finding(_SITE, "default", tries=400, address=_ONE))
    (net,) = take(incidents, finding(_NET, at_us=START_US + MINUTE_US, tries=90, address=_ONE))

    assert (net.parent, site.parent) == (None, None)
