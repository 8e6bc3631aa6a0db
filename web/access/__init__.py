"""Who may enter: the guard of all routes, sign-in, sessions, tokens, roles."""
