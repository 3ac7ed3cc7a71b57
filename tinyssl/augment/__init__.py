"""Random views of images."""

from tinyssl.augment.options import ViewOptions, ViewSpec
from tinyssl.augment.views import Views, make_views, to_float

__all__ = ["ViewOptions", "ViewSpec", "Views", "make_views", "to_float"]
