import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { ENGLISH, JAPANESE, type Words } from "./words.ts";

export type Language = "en" | "ja";
const WORDS: Readonly<Record<Language, Words>> = { en: ENGLISH, ja: JAPANESE };
const KEPT_AS = "rusuban-language";

export interface Speech {
  readonly language: Language;
  readonly words: Words;
  readonly setLanguage: (language: Language) => void;
}

const Context = createContext<Speech | undefined>(undefined);

/** The language that was chosen here before, or else the browser's. */
function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept === "en" || kept === "ja") return kept;
  return navigator.languages.find((tag) => /^(en|ja)\b/.test(tag))?.startsWith("ja") ? "ja" : "en";
}

export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    // Browsers choose the shapes of Han characters by it.
    document.documentElement.lang = language;
    localStorage.setItem(KEPT_AS, language);
  }, [language]);
  const speech = useMemo(() => ({ language, words: WORDS[language], setLanguage }), [language]);
  return <Context value={speech}>{children}</Context>;
}

export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (speech === undefined) throw new Error("useSpeech outside LanguageProvider");
  return speech;
}

export function useWords(): Words {
  return useSpeech().words;
}
