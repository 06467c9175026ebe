"""Where an address is, from MMDB files of several makers."""

from pathlib import Path

import pytest
from mmdb import mmdb

from mailwarden.alerts import detectors
from mailwarden.alerts.facts.geography import NOWHERE, Geography, Place, distance_km, usual_databases
from mailwarden.parsers.errors import ConfigurationError

PLACES = {
    "192.0.2.0/24": ("DE", 52.52, 13.4, 64500, "Example Hosting"),  # Berlin
    "198.51.100.0/24": ("DE", 48.14, 11.58, 64501, "Example Mobile"),  # Munich
    "203.0.113.0/24": ("BR", -23.55, -46.63, 64510, "Example Broadband"),  # Sao Paulo
    "2001:db8:b::/48": ("BR", -23.55, -46.63, 64510, "Example Broadband"),
    "2001:db8:d::/48": ("DE", 53.55, 10.0, 64501, "Example Mobile"),  # Hamburg
    "2001:db8:f::/48": ("FR", 48.86, 2.35, 64520, "Example Fibre"),  # Paris
}
"""The places of networks for documentation, as the cases of rules and detectors know them."""


def documentation() -> bytes:
    """Give the database that stands beside the cases."""
    records = {
        network: {
            "country": {"iso_code": country},
            "location": {"latitude": latitude, "longitude": longitude},
            "autonomous_system_number": number,
            "autonomous_system_organization": name,
        }
        for network, (country, latitude, longitude, number, name) in PLACES.items()
    }
    return mmdb(records, "Documentation-City-ASN")


def test_the_database_of_the_cases_is_the_one_written_here() -> None:
    """Nobody has to trust bytes: they are made from the table above."""
    committed = Path(next(iter(detectors.__path__))) / "places.mmdb"

    assert documentation() == committed.read_bytes()


def test_an_address_has_a_country_a_place_and_a_network_of_its_own(tmp_path: Path) -> None:
    """IPv4 and IPv6; what is not in the file is nowhere."""
    path = tmp_path / "own.mmdb"
    path.write_bytes(documentation())
    geography = Geography([str(path)])

    assert geography.place("203.0.113.9") == Place("BR", -23.55, -46.63, 64510, "Example Broadband")
    assert geography.place("2001:db8:f::1") == Place("FR", 48.86, 2.35, 64520, "Example Fibre")
    assert geography.place("198.18.0.1") == NOWHERE
    assert geography.knows() == {"country", "place", "as"}


def test_what_one_file_does_not_say_the_next_is_asked(tmp_path: Path) -> None:
    """A country's file and an AS's are two with most makers; IPinfo writes both as text."""
    country, number = tmp_path / "country.mmdb", tmp_path / "asn.mmdb"
    country.write_bytes(mmdb({"192.0.2.0/24": {"registered_country": {"iso_code": "de"}}}, "GeoLite2-Country"))
    number.write_bytes(mmdb({"192.0.2.0/24": {"country_code": "AT", "asn": "AS64500", "as_name": "E"}}, "ipinfo_lite"))

    both = Geography([str(country), str(number)])

    assert both.place("192.0.2.1") == Place("DE", None, None, 64500, "E")
    assert both.knows() == {"country", "as"}


def test_without_a_file_nothing_is_known() -> None:
    """And nothing is asked."""
    assert Geography().is_empty
    assert Geography().place("192.0.2.1") == NOWHERE


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    """With the setting that names it."""
    path = tmp_path / "broken.mmdb"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"site\.databases: .*broken\.mmdb"):
        Geography([str(path)])


def test_the_way_over_the_ground() -> None:
    """Berlin to Sao Paulo is some 10,250 km; from nowhere there is no way."""
    berlin, sao_paulo = Place(None, 52.52, 13.4), Place(None, -23.55, -46.63)

    assert distance_km(berlin, sao_paulo) == pytest.approx(10_250, abs=50)
    assert distance_km(berlin, NOWHERE) is None


def test_files_in_the_usual_places_are_found(tmp_path: Path) -> None:
    """That of cities is asked first: it knows of more. One that cannot be read is passed over."""
    for name in ("GeoLite2-ASN.mmdb", "GeoLite2-City.mmdb", "GeoIP.dat"):
        (tmp_path / name).write_bytes(documentation())
    (tmp_path / "broken.mmdb").touch()

    found = usual_databases([str(tmp_path), str(tmp_path / "none")])

    assert [Path(one).name for one in found] == ["GeoLite2-City.mmdb", "GeoLite2-ASN.mmdb"]
