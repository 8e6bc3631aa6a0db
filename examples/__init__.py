"""Programs to copy from; they import nothing of the bot, and the bot nothing of them."""
