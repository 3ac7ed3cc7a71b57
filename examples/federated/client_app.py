"""What a SuperNode runs: the device that its --node-config names."""

from tinyssl.federated.gateway import client as app

__all__ = ["app"]
