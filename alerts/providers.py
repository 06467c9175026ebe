"""The names of mailbox providers and mail filters as people know them, by the ids that replies are classified under."""

__all__ = ["provider_name"]

_NAMES = {  # of those whose id is not their name in small letters
    "aol_legacy": "AOL",
    "apple": "iCloud",
    "att": "AT&T",
    "biglobe": "BIGLOBE",
    "free_fr": "Free",
    "godaddy": "GoDaddy",
    "google": "Gmail",
    "hostedemail": "Tucows hosted email",
    "kddi": "au",
    "kpn": "KPN",
    "mail_ru": "Mail.ru",
    "mailbox_org": "mailbox.org",
    "microsoft": "Microsoft",
    "microsoft_365": "Microsoft 365",
    "microsoft_consumer": "Outlook.com",
    "netease": "NetEase",
    "nifty": "@nifty",
    "ntt_docomo": "docomo",
    "ocn": "OCN",
    "ovh": "OVH",
    "sfr": "SFR",
    "softbank": "SoftBank",
    "t_online": "Telekom (t-online.de)",
    "trendmicro": "Trend Micro",
    "ukr_net": "UKR.NET",
    "united_internet": "GMX, WEB.DE, IONOS",
    "vodafone_de": "Vodafone (arcor.de)",
    "wp_pl": "WP.pl",
    "yahoo_jp": "Yahoo! JAPAN",
}


def provider_name(id_: str) -> str:
    """Give the name of a provider; what is no provider's id (a domain) stays as it is."""
    return _NAMES.get(id_) or (id_ if "." in id_ else id_.capitalize())
