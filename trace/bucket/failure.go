package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"gocloud.dev/gcerrors"
)

// access says, for a scheme, where drivers look for what they need.
var access = map[string]string{
	"s3": "credentials are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the machine's role; " +
		"the region from ?region= or AWS_REGION",
	"gs": "credentials are taken from GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or the machine's service account",
	"azblob": "the account is taken from ?storage_account= or AZURE_STORAGE_ACCOUNT; " +
		"credentials from AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_STORAGE_CONNECTION_STRING, az login, or the machine's identity",
}

// failed names the object and the way out.
func (s *store) failed(key string, err error) error {
	name := s.name(key)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", name, context.Canceled)
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%s: %w: %s", name, fs.ErrNotExist, cause(err))
	}
	return fmt.Errorf("%s: %s (%s)", name, cause(err), access[s.url.Scheme])
}

// awsError is what an S3 server answered.
type awsError interface {
	ErrorCode() string
	ErrorMessage() string
}

// cause is what the service says, without the layers that it came through.
func cause(err error) string {
	var aws awsError
	if errors.As(err, &aws) {
		return strings.TrimSuffix(aws.ErrorCode()+": "+aws.ErrorMessage(), ": ")
	}
	var azure *azcore.ResponseError
	if errors.As(err, &azure) {
		return fmt.Sprintf("%s (status %d)", azure.ErrorCode, azure.StatusCode)
	}
	// The outer layer only says which object, or shows the URL with its query.
	inner := errors.Unwrap(err)
	if layer, ok := err.(interface{ Unwrap() []error }); ok {
		inner = layer.Unwrap()[0]
	}
	return cmp.Or(inner, err).Error()
}
