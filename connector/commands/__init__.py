"""What commands do; ``connector.cli`` says what each is given, and hands over."""
