"""``connector aws``: what has to do with AWS accounts."""

from __future__ import annotations

import typer

aws_app = typer.Typer(help="What a connector needs of an AWS account.", no_args_is_help=True)
