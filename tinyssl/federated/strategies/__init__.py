"""Strategies for Flower: a file each. FedAvg is Flower's own."""

from flwr.serverapp.strategy import FedAvg

from tinyssl.federated.strategies.reptile import Reptile
from tinyssl.federated.strategies.tinymetafed import TinyMetaFed
from tinyssl.federated.strategies.tinyreptile import TinyReptile

__all__ = ["FedAvg", "Reptile", "TinyMetaFed", "TinyReptile"]
