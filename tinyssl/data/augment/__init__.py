"""Random views of images."""

from tinyssl.data.augment.colour import recolour
from tinyssl.data.augment.options import Geometry, ViewGroup, ViewOptions, ViewSpec
from tinyssl.data.augment.resample import Crops, Rows, crop, draw_crops
from tinyssl.data.augment.views import Views, make_views, to_float

__all__ = [
    "Crops",
    "Geometry",
    "Rows",
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
