"""The names of mailbox providers, mail filters and block lists as people know them, by the ids of replies' classes."""

__all__ = ["list_name", "provider_name"]

_NAMES = {  # of those whose id is not their name in small letters
    "aol_legacy": "AOL",
    "apple": "iCloud",
    "asahi_net": "ASAHI Net",
    "att": "AT&T",
    "biglobe": "BIGLOBE",
    "bt": "BT",
    "centurylink": "CenturyLink",
    "conoha": "ConoHa",
    "dreamhost": "DreamHost",
    "dti": "DTI",
    "earthlink": "EarthLink",
    "eonet": "eo",
    "free_fr": "Free",
    "gmo": "GMO",
    "godaddy": "GoDaddy",
    "google": "Gmail",
    "hi_ho": "hi-ho",
    "home_pl": "home.pl",
    "hostedemail": "Tucows hosted email",
    "iij": "IIJ",
    "jcom": "J:COM",
    "kddi": "au",
    "kpn": "KPN",
    "mail_ru": "Mail.ru",
    "mailbox_org": "mailbox.org",
    "mcafee": "McAfee",
    "microsoft": "Microsoft",
    "microsoft_365": "Microsoft 365",
    "microsoft_consumer": "Outlook.com",
    "n_able": "N-able Mail Assure",
    "netease": "NetEase",
    "nifty": "@nifty",
    "ntt_docomo": "docomo",
    "ocn": "OCN",
    "odn": "ODN",
    "one_com": "one.com",
    "ovh": "OVH",
    "plala": "Plala",
    "sakura": "SAKURA internet",
    "sfr": "SFR",
    "so_net": "So-net",
    "softbank": "SoftBank",
    "t_online": "Telekom (t-online.de)",
    "tencent": "QQ",
    "trendmicro": "Trend Micro",
    "ukr_net": "UKR.NET",
    "united_internet": "GMX, WEB.DE, IONOS",
    "uol": "UOL",
    "virgin_media": "Virgin Media",
    "vodafone_de": "Vodafone (arcor.de)",
    "wp_pl": "WP.pl",
    "xserver": "Xserver",
    "yahoo_jp": "Yahoo! JAPAN",
}

_LISTS = {  # an id that ends in -internal is a list which its provider keeps for itself
    "abusix": "Abusix",
    "barracuda": "Barracuda",
    "blocklist-de": "blocklist.de",
    "cloudmark-csi": "Cloudmark CSI",
    "cyren": "Cyren",
    "fortiguard": "FortiGuard",
    "hornetsecurity-attrbl": "Hornetsecurity",
    "hostkarma": "Hostkarma",
    "invaluement": "Invaluement",
    "mailspike": "Mailspike",
    "nixspam": "NiX Spam",
    "proofpoint-pdr": "Proofpoint PDR",
    "psbl": "PSBL",
    "senderscore": "Sender Score",
    "sorbs": "SORBS",
    "spamcop": "SpamCop",
    "spamhaus": "Spamhaus",
    "spamhaus-dbl": "Spamhaus DBL",
    "spamhaus-pbl": "Spamhaus PBL",
    "spfbl": "SPFBL",
    "talos": "Cisco Talos",
    "trendmicro-ers": "Trend Micro ERS",
    "uceprotect": "UCEPROTECT",
}
_OWN = "-internal"


def list_name(id_: str) -> str:
    """Give the name of a block list that a reply names; what is no list's id stays as it is."""
    if id_.endswith(_OWN):
        return provider_name(id_.removesuffix(_OWN).replace("-", "_"))
    return _LISTS.get(id_, id_)


def provider_name(id_: str) -> str:
    """Give the name of a provider; what is no provider's id (a domain) stays as it is."""
    return _NAMES.get(id_) or (id_ if "." in id_ else id_.capitalize())
