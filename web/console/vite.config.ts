import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { elementStyles } from './build/element-styles.ts'

// LOUDOU_ADDR is the service's own setting; the development server passes calls on to it.
const service = `http://${process.env.LOUDOU_ADDR ?? '127.0.0.1:8080'}`

export default defineConfig({
  base: '/console/',
  plugins: [vue(), elementStyles()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { proxy: { '/console/v1': service, '/media': service } },
  optimizeDeps: { include: ['element-plus', 'element-plus/es/components/*/style/css'] },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // data: addresses would need a wider policy than 'self'
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // A group takes its dependencies along: without the order of priority Vue would land in the editor's file
          // and the login page would carry the editor.
          groups: [
            { name: 'editor', priority: 1, test: /node_modules[\\/](@tiptap|prosemirror|linkifyjs|orderedmap|rope-sequence|w3c-keyname)/ },
            { name: 'vue', priority: 2, test: /node_modules[\\/](@vue|vue|vue-router|pinia|@tanstack|openapi-fetch)[\\/]/ },
          ],
        },
      },
    },
  },
})
