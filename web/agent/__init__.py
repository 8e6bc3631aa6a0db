"""The agent's pages, including those shown inside the CRMs."""
