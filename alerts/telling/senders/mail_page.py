"""The HTML part of an alert's mail: the lines of its text, on a sheet of 600 px that a phone narrows and the dark turns.

Outlook renders with Word's engine: widths and grounds stand as attributes, too. Every colour comes with a word or a shape.
There is no picture, no link and nothing that is fetched.
"""

from mailwarden.alerts.telling.message import Message
from mailwarden.alerts.words.escape import html
from mailwarden.alerts.words.translate import translator

__all__ = ["page_of"]

_COLOURS = {"failure": "#b42318", "warning": "#92400e", "success": "#05603a", "info": "#4b5563"}
_MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px"
_STYLES = {  # of lines that begin so: a class and its colours by day
    "Next: {text}": ("next", "padding:10px 12px;background:#eef2f7;border-left:5px solid #6b7280;font-weight:bold"),
    "Proof: {source}: {line}": (
        "log",
        "font-size:13px;font-family:ui-monospace,Menlo,Consolas,monospace;color:#374151",
    ),
    "Notice {id}": ("faint", "font-size:12px;color:#4b5563"),
}
_PLAIN = ("", "")
_CODE = f"{_MONO};font-weight:normal;background:#e5e7eb;color:#111827;padding:1px 4px"
_FONT = "-apple-system,'Segoe UI',Roboto,'Hiragino Kaku Gothic ProN','Noto Sans CJK JP',Meiryo,Arial,sans-serif"
_HEAD = """\
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
@media (max-width: 620px) { .sheet { width: 100% !important; } .part { padding: 12px !important; } }
@media (prefers-color-scheme: dark) {
  body, .outer { background: #0b0f14 !important; }
  .sheet { background: #111827 !important; color: #f3f4f6 !important; }
  .next { background: #1f2937 !important; border-color: #9ca3af !important; }
  .log { color: #d1d5db !important; } .faint { color: #c3c9d2 !important; }
  code { background: #374151 !important; color: #f3f4f6 !important; }
  .failure { color: #fda29b !important; } .warning { color: #fec84b !important; }
  .success { color: #6ce9a6 !important; } .info { color: #cbd5e1 !important; }
}
</style>
"""


def page_of(message: Message, language: str) -> str:
    """Write the same lines, the title in the colour of its weight."""
    tongue = translator(language)
    heads = {tongue.gettext(msgid).partition("{")[0]: style for msgid, style in _STYLES.items()}

    def paragraph(line: str) -> str:
        name, style = next((style for head, style in heads.items() if head and line.startswith(head)), _PLAIN)
        kind = f' class="{name}"' if name else ""
        return f'<p{kind} style="margin:0 0 10px 0;overflow-wrap:anywhere;{style}">{_line(line, of_its_own=name == "next")}</p>\n'

    lines = "".join(map(paragraph, message.body.split("\n")))
    tone = message.tone if message.tone in _COLOURS else "warning"
    colour = _COLOURS[tone]
    table = 'role="presentation" cellpadding="0" cellspacing="0"'
    return (
        f'<!DOCTYPE html>\n<html lang="{html(language)}">\n<head>\n{_HEAD}<title>{html(message.title)}</title>\n</head>\n'
        '<body style="margin:0;padding:0;background:#f3f4f6">\n'
        f'<table {table} class="outer" width="100%" bgcolor="#f3f4f6"><tr><td align="center">\n'
        f'<table {table} class="sheet" width="600" bgcolor="#ffffff" style="width:600px;background:#ffffff;'
        f'color:#111827;font-family:{_FONT};font-size:15px;line-height:1.5;word-break:auto-phrase">\n'
        f'<tr><td height="6" bgcolor="{colour}" style="height:6px;font-size:0;line-height:0">&nbsp;</td></tr>\n'
        '<tr><td class="part" style="padding:14px 20px">\n'
        f'<h1 class="{tone}" style="margin:0 0 12px 0;font-size:18px;line-height:1.35;color:{colour};'
        f'overflow-wrap:anywhere">{html(message.title)}</h1>\n'
        f"{lines}</td></tr></table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _line(line: str, *, of_its_own: bool) -> str:
    """Write a line; what stands between backticks is a command, which may get a row of its own."""
    parts = line.split("`")
    if len(parts) % 2 == 0:
        return html(line)
    code = f'<code style="{_CODE}">{{}}</code>'
    if of_its_own and len(parts) > 1:
        code = f"<br>{code}"
    return "".join(code.format(html(part)) if place % 2 else html(part) for place, part in enumerate(parts))
