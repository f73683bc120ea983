#!/usr/bin/env node
await import('../dist/living-main.js')
