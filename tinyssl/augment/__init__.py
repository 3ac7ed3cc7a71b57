"""Random views of images."""

from tinyssl.augment.options import Geometry, ViewGroup, ViewOptions, ViewSpec
from tinyssl.augment.views import Views, make_views, to_float

__all__ = ["Geometry", "ViewGroup", "ViewOptions", "ViewSpec", "Views", "make_views", "to_float"]
