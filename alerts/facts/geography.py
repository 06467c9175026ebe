"""Where an address is: its country, its place, and who announces it, from MMDB files that the operator has.

The door to maxminddb. Any file of that format will do: GeoLite2 and GeoIP2 (City, Country, ASN), DB-IP Lite, IPinfo Lite.
Nothing is fetched; without a file nothing is known, and the rules that need it say so (`mailwarden doctor`).

Sources: MaxMind DB File Format Specification 2.0; the fields of https://dev.maxmind.com/geoip/docs/databases and of
IPinfo Lite (`country_code`, `asn` as text).
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import ConfigurationError, coded
from mailwarden.parsers.system_errors import reason

if TYPE_CHECKING:
    import maxminddb

__all__ = ["NOWHERE", "USUAL_PLACES", "Geography", "Place", "distance_km", "usual_databases"]

USUAL_PLACES = ("/var/lib/GeoIP", "/usr/share/GeoIP", "/usr/local/share/GeoIP")
"""Where geoipupdate and the packages of Debian, Red Hat and FreeBSD put MMDB files."""
_EARTH_KM = 6371.0
_COUNTRY, _PLACE, _AS = "country", "place", "as"


class Place(NamedTuple):
    """What is known of an address; None and 0 where nothing is."""

    country: str | None = None  # ISO 3166-1, two letters
    latitude: float | None = None
    longitude: float | None = None
    as_number: int = 0
    as_name: str | None = None


NOWHERE = Place()


class Geography:
    """Answers where an address is.

    Args:
        paths: MMDB files; what one does not say the next is asked.

    Raises:
        ConfigurationError: A file is not there or no MMDB file.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._readers = [_opened(path) for path in paths]
        self.is_empty = not self._readers
        self.place = lru_cache(maxsize=65536)(self._place)

    def knows(self) -> frozenset[str]:
        """Say of what the files tell: `country`, `place`, `as`."""
        kinds = " ".join(str(reader.metadata().database_type).lower() for reader in self._readers)
        found = set()
        if any(word in kinds for word in ("country", "city", "lite", "enterprise", "location")):
            found.add(_COUNTRY)
        if any(word in kinds for word in ("city", "enterprise", "location")):
            found.add(_PLACE)
        if any(word in kinds for word in ("asn", "isp", "enterprise", "ipinfo")):
            found.add(_AS)
        return frozenset(found)

    def _place(self, address: str) -> Place:
        country = latitude = longitude = as_name = None
        as_number = 0
        for reader in self._readers:
            try:
                record = reader.get(address)
            except ValueError:  # an IPv6 address asked of a file that holds IPv4 only
                continue
            if not isinstance(record, Mapping):
                continue
            country = country or _country(record)
            where = record.get("location")
            if latitude is None and isinstance(where, Mapping):
                latitude, longitude = _number(where.get("latitude")), _number(where.get("longitude"))
            as_number = as_number or _as_number(record)
            as_name = as_name or _text(
                record.get("autonomous_system_organization") or record.get("as_name") or record.get("organization")
            )
        return Place(country, latitude, longitude, as_number, as_name)


def distance_km(one: Place, other: Place) -> float | None:
    """Give the way over the ground between two places; None where one is not known."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    here, there = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def usual_databases(places: Iterable[str] = USUAL_PLACES) -> tuple[str, ...]:
    """Give the MMDB files in the usual places that can be read, a city's before a country's."""
    found = [path for place in places for path in sorted(Path(place).glob("*.mmdb")) if _is_readable(str(path))]
    return tuple(str(path) for path in sorted(found, key=lambda path: "city" not in path.name.lower()))


def _is_readable(path: str) -> bool:
    try:
        _opened(path).close()
    except ConfigurationError:  # nobody stated it, so it is nobody's mistake
        return False
    return True


def _opened(path: str) -> "maxminddb.Reader":
    import maxminddb  # 20 ms and 2 MiB that only who has a file pays

    try:
        return maxminddb.open_database(path)
    except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
        said = reason(error) if isinstance(error, OSError) else heard(error)
        raise ConfigurationError(
            [
                coded(
                    "MW2123", 'site.databases: "{path}" is no MMDB file that can be read: {said}.', path=path, said=said
                )
            ]
        ) from None


def _country(record: Mapping[str, Any]) -> str | None:
    for name in ("country", "registered_country"):
        found = record.get(name)
        if isinstance(found, Mapping):
            found = found.get("iso_code")
        if isinstance(found, str) and len(found) == 2:
            return found.upper()
    return _text(record.get("country_code"))


def _as_number(record: Mapping[str, Any]) -> int:
    found = record.get("autonomous_system_number") or record.get("asn") or 0
    if isinstance(found, str):
        found = found.upper().removeprefix("AS")
        return int(found) if found.isdecimal() else 0
    return found if isinstance(found, int) else 0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: object) -> str | None:
    return value[:80] if isinstance(value, str) and value else None
