// One large file by the tus protocol: from the byte where it stopped, whatever ended it.

import { Interrupted, troubleOf } from "./import-upload-trouble.js";

const PIECE = 64 * 1024 * 1024; // one request; many proxies take no more than 100 MB in one
const SILENCE_MS = 60_000; // without a byte leaving, the connection is taken for dead

// What the file is known by: another version of it has another size or time of change.
export const stampOf = (file) => `${file.size}-${file.lastModified ?? 0}`;

export class LargeFile {
  // address: of an upload that is under way; without it one is begun at `endpoint`.
  constructor({ item, endpoint, address = null, token, progress }) {
    Object.assign(this, { item, endpoint, address, token, progress, upload: null, stop: () => {} });
  }

  // Send what is missing. Rejects with Refused or Interrupted; called again, it goes on.
  async send() {
    await import("../vendor/tus-js-client-4.3.1/tus.min.js");
    return new Promise((done, fail) => {
      let watch = 0;
      const end = (settle) => (value) => {
        clearTimeout(watch);
        this.stop = () => {};
        settle(value);
      };
      const give = end(done);
      const refuse = end(fail);
      const listen = () => {
        clearTimeout(watch);
        watch = setTimeout(() => this.stop(), SILENCE_MS);
      };
      const upload = this.#upload({
        onProgress: (sent) => {
          listen();
          this.progress(sent);
        },
        onSuccess: () => give(),
        onError: (error) => refuse(meaning(error)),
      });
      this.stop = () => {
        upload.abort(false);
        this.address = upload.url ?? this.address;
        refuse(new Interrupted("lost"));
      };
      listen();
      upload.start();
    });
  }

  #upload(events) {
    const { file, path } = this.item;
    const upload = new globalThis.tus.Upload(file, {
      endpoint: this.endpoint,
      uploadUrl: this.address,
      chunkSize: PIECE,
      retryDelays: null, // Sending waits, for all files alike
      storeFingerprintForResuming: false, // the server knows what is here
      metadata: { filename: file.name, relativePath: path, fingerprint: stampOf(file) },
      headers: { "X-CSRFToken": this.token, Accept: "application/json" },
      onUploadUrlAvailable: () => (this.address = upload.url),
      ...events,
    });
    return upload;
  }
}

function meaning(error) {
  const request = error.originalResponse?.getUnderlyingObject();
  return troubleOf(request && { status: request.status, text: request.responseText, address: request.responseURL });
}
