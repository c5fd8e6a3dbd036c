// Package shadowpool_test checks what holds for the whole tree: which package
// may import which, and what the pure core must not do.
package shadowpool_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayImport lists which top-level packages of ours each one may import;
// sub-packages count as their parent. Tests may cross these lines.
var mayImport = map[string][]string{
	"forecast":    {},
	"policy":      {"forecast"},
	"trace":       {},
	"sim":         {"policy", "forecast", "trace"},
	"experiments": {"sim", "policy", "forecast", "trace"},
	"runtime":     {"policy", "forecast"},
	"cmd":         {"trace", "policy", "forecast", "sim", "experiments", "runtime"},
}

// pure packages take decisions: no clock, I/O, goroutine or global random
// source. policy/config may open the file that it is asked to load.
var pure = []string{"forecast", "forecast/portable", "policy", "policy/profile", "policy/plan"}

var impureImports = []string{"os", "io", "io/fs", "net", "net/http", "log", "log/slog", "math/rand", "math/rand/v2", "sync", "sync/atomic", "context", "runtime", "bufio"}

var impureCalls = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"math": {"Exp", "Exp2", "Expm1", "Log", "Log2", "Log10", "Log1p", "Pow", "Sin", "Cos", "Tan", "Tanh", "Gamma", "Lgamma", "Erf", "Cbrt", "FMA"},
}

type file struct {
	pkg  string // folder
	name string
	ast  *ast.File
}

func sources(t *testing.T, fset *token.FileSet) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(filepath.Dir(path)), path, f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d source files found", len(files))
	}
	return files
}

func TestImportDirections(t *testing.T) {
	for _, f := range sources(t, token.NewFileSet()) {
		top, _, _ := strings.Cut(f.pkg, "/")
		allowed, known := mayImport[top]
		if !known {
			t.Errorf("%s: folder %s has no place in the architecture; add it to mayImport", f.name, top)
			continue
		}
		for _, imp := range f.ast.Imports {
			path := strings.Trim(imp.Path.Value, `"`)
			ours, isOurs := strings.CutPrefix(path, "shadowpool/")
			if isOurs {
				target, _, _ := strings.Cut(ours, "/")
				if target != top && !slices.Contains(allowed, target) {
					t.Errorf("%s imports %s: %s may only import %v", f.name, path, top, allowed)
				}
			} else if slices.Contains(pure, f.pkg) && slices.Contains(impureImports, path) {
				t.Errorf("%s imports %s, which the pure core must not", f.name, path)
			}
		}
	}
}

// The pure core starts no goroutine, ranges over no map, reads no clock, and
// uses no function whose last bit depends on the machine.
func TestPureCore(t *testing.T) {
	fset := token.NewFileSet()
	byPkg := map[string][]*ast.File{}
	for _, f := range sources(t, fset) {
		if slices.Contains(pure, f.pkg) {
			byPkg[f.pkg] = append(byPkg[f.pkg], f.ast)
		}
	}
	checked := map[string]*types.Package{}
	std := importer.ForCompiler(fset, "source", nil)
	config := types.Config{Importer: importFunc(func(path string) (*types.Package, error) {
		if p := checked[path]; p != nil {
			return p, nil
		}
		return std.Import(path)
	})}
	for _, pkg := range []string{"forecast/portable", "forecast", "policy", "policy/profile", "policy/plan"} {
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		p, err := config.Check("shadowpool/"+pkg, fset, byPkg[pkg], info)
		if err != nil {
			t.Fatal(err)
		}
		checked["shadowpool/"+pkg] = p
		for _, f := range byPkg[pkg] {
			ast.Inspect(f, func(n ast.Node) bool {
				inspectPure(t, fset, info, n)
				return true
			})
		}
	}
}

type importFunc func(string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }

func inspectPure(t *testing.T, fset *token.FileSet, info *types.Info, n ast.Node) {
	t.Helper()
	at := func() string { return fset.Position(n.Pos()).String() }
	switch n := n.(type) {
	case *ast.GoStmt:
		t.Errorf("%s: a goroutine in the pure core", at())
	case *ast.RangeStmt:
		if _, isMap := info.Types[n.X].Type.Underlying().(*types.Map); isMap {
			t.Errorf("%s: ranging over a map: its order is random", at())
		}
	case *ast.SelectorExpr:
		if obj := info.Uses[n.Sel]; obj != nil && obj.Pkg() != nil {
			if _, isFunc := obj.(*types.Func); isFunc && slices.Contains(impureCalls[obj.Pkg().Path()], obj.Name()) && obj.Parent() != nil {
				t.Errorf("%s: %s.%s: the clock, or a last bit that depends on the machine (use forecast/portable)", at(), obj.Pkg().Path(), obj.Name())
			}
		}
	case *ast.BinaryExpr:
		if n.Op == token.ADD || n.Op == token.SUB {
			for _, side := range []ast.Expr{n.X, n.Y} {
				if fusible(info, side) {
					t.Errorf("%s: a product that is added may be fused: write float64(x*y)", at())
				}
			}
		}
	case *ast.AssignStmt:
		if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
			if fusible(info, n.Rhs[0]) {
				t.Errorf("%s: a product that is added may be fused: write float64(x*y)", at())
			}
		}
	}
}

// fusible says whether e is a floating-point product that is not a constant
// and not rounded by a conversion.
func fusible(info *types.Info, e ast.Expr) bool {
	e = ast.Unparen(e)
	if u, ok := e.(*ast.UnaryExpr); ok {
		return fusible(info, u.X)
	}
	b, ok := e.(*ast.BinaryExpr)
	if !ok || b.Op != token.MUL {
		return false
	}
	tv := info.Types[e]
	basic, ok := tv.Type.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsFloat != 0 && tv.Value == nil
}
