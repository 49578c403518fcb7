// By what messages of version 3 of SNMP are signed and enciphered, in the order in which they are offered.

/** RFC 7860 and RFC 3414: by what an answer is signed. */
export const SNMP_HASHES = ["sha512", "sha384", "sha256", "sha224", "sha"] as const;
/** RFC 3826; the two ways in which 256 bits are had. */
export const SNMP_CIPHERS = ["aes", "aes256", "aes256-reeder"] as const;
