"""Traces by OpenTelemetry: requests, tasks and what they ask of the database, where wished."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.signals import connection_created

from labeler.logs import secret, spans
from labeler.version import VERSION

HOW = "pip install 'labeler[tracing]', or the packages of that extra in pyproject.toml"


def begin(collector: str) -> None:
    """Send spans by OTLP over HTTP to the collector, http://host:4318; once in each program.

    Raises ImproperlyConfigured where the packages are missing.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        words = f"LABELER_TRACES_URL is set, and {missing.name} is missing: {HOW}."
        raise ImproperlyConfigured(words) from missing
    resource = Resource.create({"service.name": "labeler", "service.version": VERSION})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{collector}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument(
        request_hook=_mask, response_hook=lambda span, request, response: _mask(span, request)
    )
    CeleryInstrumentor().instrument()
    spans.register(_tell)
    _watch_databases()


def _mask(span: Any, request: Any) -> None:
    """Links to sign in and the like hold their secret in the address."""
    for name, value in dict(getattr(span, "attributes", None) or {}).items():
        if isinstance(value, str) and value != (clean := secret.line(value, 500)):
            span.set_attribute(name, clean)


def _tell(facts: dict[str, object]) -> None:
    from opentelemetry import trace

    span = trace.get_current_span()
    for name, value in facts.items():
        plain = value if isinstance(value, int | float | bool) else str(value)
        span.set_attribute(f"labeler.{name}", plain)


def _watch_databases() -> None:
    # One way for both databases. The statement is told with places in it, never with values.
    connection_created.connect(_watch, dispatch_uid="tracing")
    for connection in connections.all(initialized_only=True):
        _watch(connection=connection)


def _watch(*, connection: Any, **_: Any) -> None:
    if _spanned not in connection.execute_wrappers:
        connection.execute_wrappers.append(_spanned)


def _spanned(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    from opentelemetry import trace

    if not trace.get_current_span().is_recording():
        return execute(sql, params, many, context)
    system = "postgresql" if context["connection"].vendor == "postgresql" else "sqlite"
    about = {"db.system": system, "db.statement": sql[:2_000]}
    tracer = trace.get_tracer("labeler.tracing", VERSION)
    kind = trace.SpanKind.CLIENT
    with tracer.start_as_current_span(sql.split(None, 1)[0].upper(), kind=kind, attributes=about):
        return execute(sql, params, many, context)
