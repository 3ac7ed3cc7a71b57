"""Config of `tinyssl serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from tinyssl.core.config_types import STRICT


@dataclass(frozen=True, config=STRICT)
class ServeConfig:
    """A web page of the workspace."""

    host: str = "127.0.0.1"
    """Address to listen on; any but this computer's own needs a token (TINYSSL_SERVE_TOKEN) and a
    certificate"""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port; 0: any that is free"""
    certificate: Path | None = None
    """PEM file with the certificate chain: the page is then at https://"""
    key: Path | None = None
    """PEM file with its private key; default: in the certificate's file"""
