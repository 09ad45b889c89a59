import { mergeConfig } from 'vite'
import { defineConfig } from 'vitest/config'
import vite from './vite.config.ts'

// Apart from vite.config.ts, so that building the console needs no test tools.
export default mergeConfig(vite, defineConfig({
  server: { fs: { allow: ['../..'] } }, // a test reads docs/glossary.md
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
}))
