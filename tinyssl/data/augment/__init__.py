"""Random views of samples: the transforms of each kind.

A new kind: its options and transform in a file here, and a line in `VIEW_OPTIONS`.
"""

from tinyssl.data.augment.colour import recolour
from tinyssl.data.augment.options import (
    Geometry,
    PlainViewOptions,
    ViewGroup,
    ViewOptions,
    ViewSpec,
)
from tinyssl.data.augment.resample import Crops, Rows, crop, draw_crops
from tinyssl.data.augment.series import AudioViewOptions, SensorViewOptions, TableViewOptions
from tinyssl.data.augment.views import Views, make_views, to_float

VIEW_OPTIONS: dict[str, type] = {
    "image": ViewOptions,
    "audio": AudioViewOptions,
    "sensor": SensorViewOptions,
    "table": TableViewOptions,
}
"""Kind of sample -> the options of its views"""

__all__ = [
    "VIEW_OPTIONS",
    "AudioViewOptions",
    "Crops",
    "Geometry",
    "PlainViewOptions",
    "Rows",
    "SensorViewOptions",
    "TableViewOptions",
    "ViewGroup",
    "ViewOptions",
    "ViewSpec",
    "Views",
    "crop",
    "draw_crops",
    "make_views",
    "recolour",
    "to_float",
]
