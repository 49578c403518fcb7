export const KINDS = ["cim-xml", "wsman", "windows"] as const;
export type Kind = (typeof KINDS)[number];

/** Every third simulated host is of one kind. */
export const kindOf = (index: number): Kind => KINDS[index % KINDS.length] as Kind;

/** Each has an address of its own on the loopback network. */
export const addressOf = (index: number) => `127.64.${Math.floor(index / 250)}.${(index % 250) + 1}`;
