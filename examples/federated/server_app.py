"""What the SuperLink runs."""

from tinyssl.federated.gateway import server as app

__all__ = ["app"]
