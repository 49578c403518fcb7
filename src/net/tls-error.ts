import { codeOf } from "../runtime/errors.ts";
import type { Refusal, Refused } from "./refusal-log.ts";

// OpenSSL's reasons, as Node names them, for what happens to a listener before a handshake is done.
const REFUSAL_OF_CODE: Readonly<Record<string, Refusal>> = {
  ERR_SSL_HTTP_REQUEST: "plainHttp",
  ERR_SSL_HTTPS_PROXY_REQUEST: "plainHttp",
  ERR_SSL_WRONG_VERSION_NUMBER: "notTls",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "notTls",
  ERR_SSL_BAD_RECORD_TYPE: "notTls",
  ERR_SSL_UNEXPECTED_MESSAGE: "notTls",
  ERR_SSL_RECORD_LAYER_FAILURE: "notTls",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tlsTooOld",
  ERR_SSL_VERSION_TOO_LOW: "tlsTooOld",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "noCertificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "weNotAccepted",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "weNotAccepted",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "weNotAccepted",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "weNotAccepted",
  ECONNRESET: "closedEarly",
  EPIPE: "closedEarly",
};

/** What an operator should read for an error of node:tls on the listening side, and OpenSSL's code where it adds something. */
export function refusalOfTlsError(error: Error): Refused {
  const code = codeOf(error);
  const refusal = REFUSAL_OF_CODE[code];
  if (refusal !== undefined) return { refusal };
  return { refusal: "handshakeFailed", detail: code === "" ? error.message.slice(0, 200) : code };
}
