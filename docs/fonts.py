"""Cut Unfold's fonts down to what the console shows: `make fonts`.

Unfold's own files are 290 KB for icons and 110 KB per weight of its letters. Ours contain the icons
named in static/fonts/icons.txt and Latin letters; for any other letter, browsers fetch Unfold's own
file (static/fonts/fonts.css).

Needs fonttools and brotli, which the console itself does not.
"""

from pathlib import Path

import unfold
from fontTools.subset import main as subset
from fontTools.ttLib import TTFont

SHELL = Path(unfold.__file__).parent / "static" / "unfold" / "fonts"
OURS = Path(__file__).resolve().parent.parent / "static" / "fonts"
WEIGHTS = {400: "Regular", 500: "Medium", 600: "SemiBold", 700: "Bold"}
LATIN = (
    "U+0020-017F,U+02C6,U+02DA,U+02DC,U+2000-206F,U+2074,U+20AC,U+2122,U+2190-2193,U+2212,"
    "U+2260,U+2264-2265"
)


def cut_icons() -> None:
    """Icons are ligatures of their names' letters, so the letters have to be included."""
    whole = SHELL / "material-symbols" / "Material-Symbols-Outlined.woff2"
    glyphs = glyphs_by_icon(TTFont(whole))
    names = (OURS / "icons.txt").read_text().split()
    subset(
        [
            str(whole),
            f"--glyphs={','.join(sorted({glyphs[name] for name in names}))}",
            "--unicodes=U+0020,U+0030-0039,U+005F,U+0061-007A",
            "--no-layout-closure",
            "--flavor=woff2",
            f"--output-file={OURS / 'icons.woff2'}",
        ]
    )


def glyphs_by_icon(font: TTFont) -> dict[str, str]:
    """{icon name: glyph}; several names may share a glyph: "navigate_next" is "chevron_right"."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    tables = [table for each in font["GSUB"].table.LookupList.Lookup for table in each.SubTable]
    tables = [getattr(table, "ExtSubTable", table) for table in tables]
    return {
        "".join(letters.get(each, "") for each in [first, *ligature.Component]): ligature.LigGlyph
        for table in tables
        for first, ligatures in getattr(table, "ligatures", {}).items()
        for ligature in ligatures
    }


def cut_letters() -> None:
    for weight, name in WEIGHTS.items():
        subset(
            [
                str(SHELL / "inter" / f"Inter-{name}.woff2"),
                f"--unicodes={LATIN}",
                "--layout-features=kern,liga,calt,ccmp,locl,mark,mkmk,tnum",
                "--flavor=woff2",
                f"--output-file={OURS / f'inter-{weight}.woff2'}",
            ]
        )


if __name__ == "__main__":
    cut_icons()
    cut_letters()
