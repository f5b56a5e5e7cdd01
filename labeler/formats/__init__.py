"""How other tools write down which image has which label. Text and bytes only; no rows."""
