/** What `tls+tcp://` takes: the options of `node:tls` that concern security, under their names there. */

/** PEM text or bytes, one or several. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** The option `tls`. */
export interface TlsOptions {
  /** This side's certificate with its chain, and its key; a listener must have both. */
  readonly cert?: Pem;
  readonly key?: Pem;
  readonly passphrase?: string;
  /** Certificate, key and chain in one (PKCS #12), instead of `cert` and `key`. */
  readonly pfx?: string | Uint8Array;
  /** Whose certificates are trusted; by default those of the runtime. */
  readonly ca?: Pem;
  /** Whether a certificate that is not trusted ends the connection; true unless said otherwise. */
  readonly rejectUnauthorized?: boolean;
  /** A listener: ask clients for a certificate. */
  readonly requestCert?: boolean;
  /** A dialler: the name that the certificate must have, and that is sent (SNI); by default the host of the endpoint. */
  readonly servername?: string;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  readonly ciphers?: string;
  readonly crl?: Pem;
}
