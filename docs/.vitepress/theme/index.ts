import theme from 'vitepress/theme-without-fonts'
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to assign
import './style.css'

// oxlint-disable-next-line import/no-default-export -- VitePress reads nothing else
export default theme
