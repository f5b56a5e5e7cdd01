"""Ways into the installation: sessions, second factors, reset links, single sign-on."""
