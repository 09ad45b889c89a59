// The brand: all a company changes to ship this as its own. The colours of the tab bar and of the top of the screen
// stand in app.json as well, because WeChat reads them before any code runs.
export const config = {
  // baseURL is the service's public https origin (LOUDOU_PUBLIC_URL), listed at WeChat as a request domain.
  baseURL: 'http://127.0.0.1:8080',
  name: '漏斗课堂',
  slogan: '先试看，再决定',
  // color paints buttons and marks, price the money.
  color: '#1f6feb',
  price: '#d4380d',
}
