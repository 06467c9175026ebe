"""The names of months, in the languages that systems write them in.

The words are glibc's (`abmon` of its locales, 2.36), without the dot at their end, in small letters.
"""

__all__ = ["MONTHS", "month_of"]

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
# Croatian is left out: its June, July and October are July, August and November of its neighbours.
_LANGUAGES = (
    "1月|2月|3月|4月|5月|6月|7月|8月|9月|10月|11月|12月",  # Japanese, Chinese
    "1월|2월|3월|4월|5월|6월|7월|8월|9월|10월|11월|12월",  # Korean
    "thg 1|thg 2|thg 3|thg 4|thg 5|thg 6|thg 7|thg 8|thg 9|thg 10|thg 11|thg 12",  # Vietnamese
    "ม.ค|ก.พ|มี.ค|เม.ย|พ.ค|มิ.ย|ก.ค|ส.ค|ก.ย|ต.ค|พ.ย|ธ.ค",  # Thai
    "jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez",  # German
    "jan|feb|mrt|apr|mei|jun|jul|aug|sep|okt|nov|dec",  # Dutch
    "jan|feb|mars|apr|maj|juni|juli|aug|sep|okt|nov|des",  # Danish, Swedish, Norwegian
    "jan|feb|mar|april|maí|jún|júl|ágú|sep|okt|nóv|des",  # Icelandic
    "tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu",  # Finnish
    "janv|févr|mars|avril|mai|juin|juil|août|sept|oct|nov|déc",  # French
    "ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic",  # Spanish
    "gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic",  # Italian
    "jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez",  # Portuguese
    "de gen|de febr|de març|d’abr|de maig|de juny|de jul|d’ag|de set|d’oct|de nov|de des",  # Catalan
    "xan|feb|mar|abr|mai|xuñ|xul|ago|set|out|nov|dec",  # Galician
    "urt|ots|mar|api|mai|eka|uzt|abu|ira|urr|aza|abe",  # Basque
    "ian|feb|mar|apr|mai|iun|iul|aug|sep|oct|nov|dec",  # Romanian
    "sty|lut|mar|kwi|maj|cze|lip|sie|wrz|paź|lis|gru",  # Polish
    "led|úno|bře|dub|kvě|čen|čec|srp|zář|říj|lis|pro",  # Czech
    "jan|feb|mar|apr|máj|jún|júl|aug|sep|okt|nov|dec",  # Slovak
    "jan|feb|mar|apr|maj|jun|jul|avg|sep|okt|nov|dec",  # Slovenian
    "jan|febr|márc|ápr|máj|jún|júl|aug|szept|okt|nov|dec",  # Hungarian
    "янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек",  # Russian
    "січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру",  # Ukrainian
    "яну|фев|мар|апр|май|юни|юли|авг|сеп|окт|ное|дек",  # Bulgarian, Macedonian
    "јан|феб|мар|апр|мај|јун|јул|авг|сеп|окт|нов|дец",  # Serbian
    "jaan|veebr|märts|apr|mai|juuni|juuli|aug|sept|okt|nov|dets",  # Estonian
    "jan|feb|mar|apr|mai|jūn|jūl|aug|sep|okt|nov|dec",  # Latvian
    "saus|vas|kov|bal|geg|birž|liep|rugp|rugs|spal|lapkr|gruod",  # Lithuanian
    "ιαν|φεβ|μαρ|απρ|μαΐ|ιουν|ιουλ|αυγ|σεπ|οκτ|νοε|δεκ",  # Greek
    "oca|şub|mar|nis|may|haz|tem|ağu|eyl|eki|kas|ara",  # Turkish
    "jan|feb|mar|apr|mei|jun|jul|agu|sep|okt|nov|des",  # Indonesian
    "ינו|פבר|מרץ|אפר|מאי|יונ|יול|אוג|ספט|אוק|נוב|דצמ",  # Hebrew
    "ينا|فبر|مار|أبر|ماي|يون|يول|أغس|سبت|أكت|نوف|ديس",  # Arabic
)
_ENGLISH = {word: month for row in _LANGUAGES for word, month in zip(row.split("|"), MONTHS, strict=True)}
_SHORT = 3  # letters of a month that is written shorter than its name
_AMBIGUOUS = frozenset(
    {"lipanj", "lipnja", "srpanj", "srpnja", "listopad", "listopada"}
)  # of Croatia, and of its neighbours


def month_of(word: str, *, whole: bool = False) -> str | None:
    """Give the English name, of three letters, of a month.

    Args:
        word: How it is shortened.
        whole: It may also be written in full.
    """
    word = word.lower()
    month = _ENGLISH.get(word)
    if month is not None or not whole or word in _AMBIGUOUS:
        return month
    known = (_ENGLISH.get(word[:length]) for length in range(len(word) - 1, _SHORT - 1, -1))
    return next((one for one in known if one is not None), None)
