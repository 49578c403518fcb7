import "./styles.ts";
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CallError } from "./api-call.ts";
import { App } from "./app.tsx";
import { LanguageProvider } from "./language.tsx";
import { theme } from "./theme.ts";

// The page's policy lets in only styles with this reply's nonce; below Mantine, react-style-singleton looks for it here.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
Object.assign(globalThis, { __webpack_nonce__: nonce });

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Events keep the page fresh; this is the net below them.
      staleTime: 30_000,
      refetchInterval: 60_000,
      retry: (count, error) => error instanceof CallError && error.code === "unreachable" && count < 2,
    },
  },
});

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
        <QueryClientProvider client={client}>
          <LanguageProvider>
            <App />
          </LanguageProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
