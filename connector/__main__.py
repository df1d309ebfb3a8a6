"""``python -m connector``: the command, where its script is not on the path."""

from connector.cli import main

if __name__ == "__main__":
    main()
