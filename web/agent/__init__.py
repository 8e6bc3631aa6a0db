"""The agent's pages, those inside the CRMs with them."""
