/** RFC 7860 (SHA-2) and RFC 3414 §7 (SHA-1, for what is old; MD5 is not offered). */
export type SnmpHash = "sha512" | "sha384" | "sha256" | "sha224" | "sha";
/** RFC 3826 (128 bits); 256 bits after draft-blumenthal-aes-usm-04, and as Cisco and others have it (draft-reeder). */
export type SnmpCipher = "aes" | "aes256" | "aes256-reeder";

/** By what a server lets itself be read. The passwords of version 3 have 8 characters or more (RFC 3414 §11.2). */
export type SnmpAccess =
  | { readonly version: "1" | "2c"; readonly community: string }
  | {
      readonly version: "3";
      readonly user: string;
      /** Null: anybody may answer in the server's name. */
      readonly authentication: { readonly protocol: SnmpHash; readonly password: string } | null;
      /** Null: all can be read on the way. Only together with authentication (RFC 3411 §3.4.3). */
      readonly privacy: { readonly protocol: SnmpCipher; readonly password: string } | null;
    };
