// Package browsertest lets tests look at pages in a real browser.
package browsertest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var screenshots = flag.String("screenshots", "", "`DIR` for pictures of the pages that the browser test opens")

// A Browser is a headless Chromium, spoken to over a pipe in its DevTools
// protocol: JSON messages that end with a zero byte. What goes wrong with it
// ends the test.
type Browser struct {
	t       *testing.T
	to      io.Writer
	from    *bufio.Reader
	id      int
	session string
	// said is what the page wrote to its console, threw, or failed to load.
	said []string
	// loads counts the pages that were loaded.
	loads int
}

// Open starts one, or skips the test where there is none.
func Open(t *testing.T) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium here (Debian's package chromium): the pages are not looked at")
	}
	hisIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, hisOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "browser-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
		"--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{hisIn, hisOut} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = hisIn.Close(), hisOut.Close()                                     // his now
	kill := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() }) // reading then fails
	t.Cleanup(func() {
		kill.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		// Its own processes outlive it for a moment, and write there.
		err := os.RemoveAll(profile)
		for range 100 {
			if err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
			err = os.RemoveAll(profile)
		}
		t.Log(err)
	})
	b := &Browser{t: t, to: ourOut, from: bufio.NewReader(ourIn)}
	var target struct {
		TargetID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// message is one of the protocol.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// call asks the browser for something and waits for the answer.
func (b *Browser) call(method string, params, result any) {
	b.t.Helper()
	b.id++
	ask := map[string]any{"id": b.id, "method": method}
	if params != nil {
		ask["params"] = params
	}
	if b.session != "" {
		ask["sessionId"] = b.session
	}
	body, err := json.Marshal(ask)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(body, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		m := b.next()
		if m.ID != b.id {
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// next reads a message, and keeps what it says of the page.
func (b *Browser) next() message {
	b.t.Helper()
	body, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser is gone: %v", err)
	}
	var m message
	if err := json.Unmarshal(body[:len(body)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	switch m.Method {
	case "Page.loadEventFired":
		b.loads++
	case "Network.loadingFailed":
		var failed struct{ Canceled bool } // by the page, or as it is left
		if err := json.Unmarshal(m.Params, &failed); err == nil && !failed.Canceled {
			b.said = append(b.said, m.Method+" "+string(m.Params))
		}
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		b.said = append(b.said, m.Method+" "+string(m.Params))
	case "Network.requestWillBeSent":
		var request struct{ Request struct{ URL string } }
		if err := json.Unmarshal(m.Params, &request); err == nil {
			b.said = append(b.said, "asks for "+request.Request.URL)
		}
	}
	return m
}

// Look shows the page of an address in a window of a width, light or dark, and
// returns what it asked for and complained of beyond itself and its icon.
func (b *Browser) Look(url string, width int, scheme string) []string {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	b.said = nil
	loads := b.loads
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for b.loads == loads {
		b.next()
	}
	return slices.DeleteFunc(b.Said(), func(s string) bool { return s == "asks for "+url || s == "asks for data:," })
}

// Still asks the page for less motion.
func (b *Browser) Still() {
	b.t.Helper()
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-reduced-motion", "value": "reduce"}}}, nil)
}

// Type types a text where the focus is.
func (b *Browser) Type(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

// Said is what the page has asked for, written to its console, thrown or failed
// to load since it was loaded.
func (b *Browser) Said() []string {
	b.t.Helper()
	var nothing any
	b.Eval("0", &nothing) // reads what came before the answer
	return slices.Clone(b.said)
}

// Until waits until an expression on the page is true, at most 20 s.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var is bool
		b.Eval("!!("+expression+")", &is)
		if is {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("not within 20 s: %s; the page said %v", expression, b.said)
		}
	}
}

// Eval is the value of an expression on the page.
func (b *Browser) Eval(expression string, value any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if err := json.Unmarshal(answer.Result.Value, value); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// Press presses a key and lets it go.
func (b *Browser) Press(key string, code int, text string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if kind == "keyDown" {
			params["text"] = text
		}
		b.call("Input.dispatchKeyEvent", params, nil)
	}
}

// Picture keeps the whole page as a picture where -screenshots says.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	body, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name+".png"), body, 0o666)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// Brightness is that of the page's background and of its text, of 255.
func (b *Browser) Brightness() (paper, ink float64) {
	b.t.Helper()
	for property, into := range map[string]*float64{"backgroundColor": &paper, "color": &ink} {
		b.Eval(fmt.Sprintf(`(() => { const c = getComputedStyle(document.body).%s.match(/[0-9.]+/g).map(Number); return (c[0] + c[1] + c[2]) / 3 })()`, property), into)
	}
	return paper, ink
}
