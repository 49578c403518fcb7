import type { ReactNode } from "react";

// Drawn on a 20 by 20 grid. Always beside a word or inside a labelled button, so screen readers pass over them.

function Icon({ children, filled = false }: { readonly children: ReactNode; readonly filled?: boolean }) {
  const paint = filled
    ? { fill: "currentColor", stroke: "none" }
    : { fill: "none", stroke: "currentColor", strokeWidth: 1.6, strokeLinecap: "round", strokeLinejoin: "round" };
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" {...(paint as object)}>
      {children}
    </svg>
  );
}

export const GoodIcon = () => (
  <Icon filled>
    <path
      fillRule="evenodd"
      d="M10 1.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17Zm4.200 6.300a1 1 0 0 0-1.500-1.300L8.900 11 7.200 9.300a1 1 0 1 0-1.400 1.400l2.500 2.500a1 1 0 0 0 1.500-.1l4.400-5.300Z"
    />
  </Icon>
);
export const WarningIcon = () => (
  <Icon filled>
    <path
      fillRule="evenodd"
      d="M8.500 2.600a1.700 1.700 0 0 1 3 0l7 12.600a1.700 1.700 0 0 1-1.500 2.600H3a1.700 1.700 0 0 1-1.500-2.600l7-12.600ZM10 6.500a1 1 0 0 0-1 1v4a1 1 0 1 0 2 0v-4a1 1 0 0 0-1-1Zm0 9.300a1.200 1.200 0 1 0 0-2.400 1.200 1.200 0 0 0 0 2.400Z"
    />
  </Icon>
);
export const CriticalIcon = () => (
  <Icon filled>
    <path
      fillRule="evenodd"
      d="M6.500 1.500h7l5 5v7l-5 5h-7l-5-5v-7l5-5Zm.9 4.500A1 1 0 0 0 6 7.400L8.600 10 6 12.600A1 1 0 1 0 7.400 14l2.600-2.600 2.600 2.600a1 1 0 0 0 1.400-1.400L11.400 10 14 7.400A1 1 0 1 0 12.600 6L10 8.600 7.400 6Z"
    />
  </Icon>
);
export const UnknownIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7.700" strokeDasharray="2.600 2.600" />
    <path d="M7.800 8a2.200 2.200 0 1 1 3.200 2c-.7.400-1 .8-1 1.500M10 14.200v.01" />
  </Icon>
);
export const InformationIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="7.700" />
    <path d="M10 9.300v4.200M10 6.500v.01" />
  </Icon>
);
export const UnreachableIcon = () => (
  <Icon>
    <path d="m3 3 14 14M6.200 9.600a6.500 6.500 0 0 1 2-1.300M3.300 6.600A11 11 0 0 1 6 5M11.500 8.100a6.500 6.500 0 0 1 2.300 1.500M9.500 4a11 11 0 0 1 7.200 2.600M8.500 12.200a2.600 2.600 0 0 1 3 0M10 15.500v.01" />
  </Icon>
);
export const RunningIcon = () => (
  <Icon>
    <path d="M10 2.300a7.700 7.700 0 1 1-7.300 5.200M10 5.800V10l2.800 1.800" />
  </Icon>
);
export const BackupIcon = () => (
  <Icon>
    <ellipse cx="10" cy="4.800" rx="6.700" ry="2.600" />
    <path d="M3.300 4.800v10.400c0 1.400 3 2.600 6.700 2.600s6.700-1.200 6.700-2.600V4.800M3.300 10c0 1.400 3 2.600 6.700 2.600s6.700-1.200 6.700-2.600" />
  </Icon>
);
export const ServerIcon = () => (
  <Icon>
    <rect x="2.500" y="3" width="15" height="6" rx="1.500" />
    <rect x="2.500" y="11" width="15" height="6" rx="1.500" />
    <path d="M5.800 6v.01M5.800 14v.01M9 6h5M9 14h5" />
  </Icon>
);
export const BellIcon = () => (
  <Icon>
    <path d="M15 8A5 5 0 0 0 5 8c0 5-2 6-2 6h14s-2-1-2-6M8.500 17a1.700 1.700 0 0 0 3 0" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const MoonIcon = () => (
  <Icon>
    <path d="M17 11.500A7.200 7.200 0 1 1 8.500 3a5.700 5.700 0 0 0 8.500 8.500Z" />
  </Icon>
);
export const SunIcon = () => (
  <Icon>
    <circle cx="10" cy="10" r="3.400" />
    <path d="M10 1.800v1.700M10 16.500v1.700M1.800 10h1.700M16.500 10h1.700M4.200 4.200l1.200 1.200M14.600 14.600l1.200 1.200M4.200 15.800l1.200-1.200M14.600 5.400l1.200-1.200" />
  </Icon>
);
export const PersonIcon = () => (
  <Icon>
    <circle cx="10" cy="6.800" r="3.500" />
    <path d="M3.500 17.500a6.500 6.500 0 0 1 13 0" />
  </Icon>
);
export const ChevronIcon = () => (
  <Icon>
    <path d="m5.500 8 4.500 4.500L14.500 8" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon>
    <path d="m4 10.500 4 4 8-9" />
  </Icon>
);
export const SearchIcon = () => (
  <Icon>
    <circle cx="9" cy="9" r="5.500" />
    <path d="m13.200 13.200 4 4" />
  </Icon>
);

/** A house with a light on: somebody is in. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect className="mark-ground" width="32" height="32" rx="8" />
    <path
      d="M6.500 15.500 16 7l9.500 8.500M9 14v10.500h14V14"
      fill="none"
      stroke="#fff"
      strokeWidth="2.400"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
    <circle className="mark-light" cx="16" cy="18.300" r="3.200" />
  </svg>
);
