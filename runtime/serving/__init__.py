"""How the web process takes requests from the network: a worker class for gunicorn."""
