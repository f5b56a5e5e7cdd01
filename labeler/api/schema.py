"""Three kinds of schema: bodies are strict, queries are text, answers are ours."""

from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field


class BodySchema(Schema):
    """A body: no unknown fields, no "0.1" for 0.1, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class QuerySchema(Schema):
    """Query parameters."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
