"""Charts of counts: rows become a Vega-Lite specification, which is drawn as SVG, PNG or PDF on
this server.

Every chart function returns the specification as a dict that JSON can hold, so that it can go into
the bundle; it carries the same numbers as a table (`text_alternative`) and as a sentence (its
`description`). No Django, no network: the data stand in the specification, the fonts are those of
the machine.

Labels identify rows and columns, so they must differ from one another (else ValueError) and stand
in the order in which they are to be drawn. A `href` starts with `/`, `?`, `#`, `http://` or
`https://` (else ValueError). Drawing raises NotDrawn where the engine gives no picture.
"""

from mapping.charts.bars import bars, trend, venues
from mapping.charts.engine import NotDrawable, NotDrawn
from mapping.charts.intervals import dot_whisker
from mapping.charts.matrix import Half, bubble, bubble_by, cooccurrence, heatmap
from mapping.charts.output import pdf, png, svg
from mapping.charts.theme import Table, text_alternative

__all__ = [
    "Half",
    "NotDrawable",
    "NotDrawn",
    "Table",
    "bars",
    "bubble",
    "bubble_by",
    "cooccurrence",
    "dot_whisker",
    "heatmap",
    "pdf",
    "png",
    "svg",
    "text_alternative",
    "trend",
    "venues",
]
