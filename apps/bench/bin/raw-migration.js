#!/usr/bin/env node
await import('../dist/raw-main.js')
