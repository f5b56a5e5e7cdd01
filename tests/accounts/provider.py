"""A small OpenID Connect provider: `python provider.py` prints its port and runs until ended.

`POST /be` sets what it says next: {"claims": {…}, "spoil": {…}}; `spoil` says what to do wrong.
"""

import base64
import hashlib
import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "labeler", "a client's secret"
keys = {}
state = {"claims": {}, "spoil": {}, "codes": {}}


class Provider(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        issuer = f"http://{self.headers['Host']}"
        if parts.path == "/.well-known/openid-configuration":
            self._json({
                "issuer": state["spoil"].get("issuer", issuer),
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": state["spoil"].get("token_endpoint", f"{issuer}/token"),
                "jwks_uri": f"{issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
            })  # fmt: skip
        elif parts.path == "/keys":
            self._json(KeySet([keys["ours"]]).as_dict(private=False))
        elif parts.path == "/authorize":
            code = secrets.token_urlsafe()
            state["codes"][code] = asked
            self.send_response(302)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/be":
            state.update(json.loads(body))
            return self._json({})
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        asked = state["codes"].pop(sent.get("code"), None)
        if not asked or not self._knows(sent, asked):
            return self._json({"error": "invalid_grant"}, 400)
        return self._json(
            {"access_token": "x", "token_type": "Bearer", "id_token": self._signed(asked)}
        )

    def _signed(self, asked):
        now, spoil = int(time.time()), state["spoil"]
        claims = {
            "iss": f"http://{self.headers['Host']}", "aud": CLIENT, "iat": now, "exp": now + 60,
            "nonce": asked["nonce"], **state["claims"], **spoil.get("signed", {}),
        }  # fmt: skip
        key = keys["other" if spoil.get("key") else "ours"]
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if spoil.get("unsigned"):
            head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').decode().rstrip("=")
            signed = f"{head}.{signed.split('.')[1]}."
        return signed

    def _knows(self, sent, asked):
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        sent_secret = base64.b64decode(self.headers.get("Authorization", "")[6:]).decode()
        return asked["code_challenge"] == challenge and sent_secret == f"{CLIENT}:{SECRET}"

    def _json(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    keys["ours"], keys["other"] = (
        RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for _ in range(2)
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(server.server_port, flush=True)
    server.serve_forever()
