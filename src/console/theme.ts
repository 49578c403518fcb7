import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** 藍, the indigo of work clothes. */
const indigo: MantineColorsTuple = [
  "#eef3fc",
  "#dbe4f5",
  "#b4c6ea",
  "#8aa6e0",
  "#688bd7",
  "#527ad2",
  "#4671d0",
  "#3860b8",
  "#2f55a5",
  "#234992",
];

const FONTS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Hiragino Sans", "Yu Gothic UI", Meiryo, "Noto Sans CJK JP", "Noto Sans JP", sans-serif';

export const theme = createTheme({
  primaryColor: "indigo",
  colors: { indigo },
  fontFamily: FONTS,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono CJK JP", monospace',
  headings: { fontFamily: FONTS, fontWeight: "650" },
  defaultRadius: "md",
  respectReducedMotion: true,
});
