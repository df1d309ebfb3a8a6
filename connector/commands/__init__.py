"""Groups of sub-commands that are more than one idea each; ``connector.cli`` puts them together."""
