"""Structured logs: one canonical line per request, message or batch; JSON unless a person is watching.

Never a token, a certificate's body, a price or a personal name.
"""

import logging
import sys
from typing import Any

import structlog


def set_up_logging(log_format: str) -> None:
    """Point structlog at standard error.

    Args:
        log_format: ``json``, ``text``, or ``auto`` for text on a terminal and JSON elsewhere.
    """
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
