"""The local viewer: `app` says what is served, `access` who may ask, `index` holds a run's exchanges ready, live."""
