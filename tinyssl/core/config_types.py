"""Types and limits that the configs of several stages share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from tinyssl.core import plugins

STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=False)

Fraction = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Line = Annotated[str, Field(pattern=r"^[^\p{C}\p{Zl}\p{Zp}]*$", max_length=300)]
"""A text that becomes a line of a file, so without line ends and what does not print"""
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _process_count(value: str) -> str:
    if value != "auto" and not (value.isdecimal() and int(value) >= 1):
        raise ValueError("should be auto or a number from 1")
    return value


ProcessCount = Annotated[str, BeforeValidator(str), AfterValidator(_process_count)]
"""auto, or a number from 1"""
MethodName = Annotated[str, plugins.METHODS, AfterValidator(plugins.absolute)]
DatasetName = Annotated[str, plugins.DATASETS, AfterValidator(plugins.absolute)]
BackboneName = Annotated[str, plugins.BACKBONES, AfterValidator(plugins.absolute)]
TaskName = Annotated[str | None, plugins.TASKS, AfterValidator(plugins.absolute)]
TeacherName = Annotated[str | None, plugins.TEACHERS, AfterValidator(plugins.absolute)]
FamilyName = Annotated[str, plugins.FAMILIES, AfterValidator(plugins.absolute)]
